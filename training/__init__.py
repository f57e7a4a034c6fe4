"""Scripts for the training recipe. SFT and DPO themselves run with the commands of TRL."""
