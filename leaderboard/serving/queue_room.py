"""Room for results that clients have not read yet.

Gradio keeps the result of a queued call until the client reads it, for up to 2,000 sessions, and the ids of the calls
without a limit. A client reads within a moment; results beyond a maximum are dropped, the oldest sessions first.
"""

from __future__ import annotations

from asyncio import Queue
from typing import Any, Final

MOST_UNREAD: Final = 64
"""Maximum number of calls whose result was not read."""


def make_room(queue: Any, most: int = MOST_UNREAD) -> bool:
    """Drop unread results of calls that have ended, the oldest sessions first, until there is room for one more call.

    Args:
        queue: Queue of Gradio.
        most: Maximum number of calls whose result was not read.

    Returns:
        False if all these calls still run or wait, so that there is no room.
    """
    calls: dict[str, set[str]] = queue.pending_event_ids_session
    unread = sum(map(len, calls.values()))
    for session, ids in list(calls.items()):
        if unread < most:
            break
        running = {number for number in ids if number in queue.event_ids_to_events}
        unread -= len(ids) - len(running)
        if running:
            if len(running) < len(ids):
                calls[session] = running
                queue.pending_messages_per_session[session] = Queue()
        else:
            del calls[session]
            queue.pending_messages_per_session.pop(session, None)
    return unread < most
