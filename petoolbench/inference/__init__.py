"""Asking models the instances of a data set: what is shown, how it is asked, and what is kept of the replies."""
