"""Words that tell nothing about the subject of a request: function words, and verbs and courtesies of requests.

Words with fewer letters than `SHORTEST` are never subjects, so they are not listed.
"""

from __future__ import annotations

from typing import Final

SHORTEST: Final = 4
"""Minimum number of letters of a subject."""
COMMON_WORDS: Final = frozenset(
    """
    about above according across actually after again against ahead alike almost along already also although always
    among another answer anybody anyone anything anyway apart around asked asking asks away back because become been
    before begin begins behind being believe below beneath beside besides between beyond both bring brings came cannot
    check come comes coming could course dear describe determine does doing done down during each either else enough
    even ever every everybody everyone everything exactly fetch fill find first following form found from full gave
    gets getting gimme give given gives giving goes going gone gonna good grateful great half hand have having hello
    help hence here hers herself himself however hundred identify instead into itself just keep keeps kind kindly knew
    know known knows last least leave left less like likes list listed long look looked looking looks made make makes
    making many matter maybe mean means might mind mine more most much must myself name named names need needed needs
    neither never next nice nine nobody none nothing notice obtain okay once only onto open other others otherwise ours
    ourselves over part people perhaps person please possible provide quite rather really receive reply request require
    requires return right said same says search second seem seems seen send sends sent several shall should show shows
    since some somebody somehow someone something soon stand stands started still such sure take taken takes taking tell
    tells than thank thanks that their theirs them themselves then there therefore these they thing things think thinks
    third this those though three through thus together told took toward towards tried tries twice under unless until
    upon used uses using very wait want wanted wants well went were what whatever when whenever where whether which
    while whole whom whose will wish wishes with within without wonder work would write wrote years yesterday your yours
    yourself eight eleven fifteen five four seven twelve twenty
    """.split()  # noqa: SIM905  (a list of so many quoted words would be hard to read)
)
"""Words in lower case that are never counted as subjects."""
