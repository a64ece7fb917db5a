"""What becomes of the items of a streamed list that nobody waits for any more?"""

import asyncio
from typing import Any

from graphql.execution.incremental import IncrementalExecutor


class StreamingExecutor(IncrementalExecutor):
    """graphql-core's, with the failures of items that come after the one that ended the list.

    They have no place in the answer. asyncio would write them to the log, texts and all.
    """

    def complete_stream_item(self, *arguments: Any) -> Any:
        """The item; its failure counts as seen even if nobody looks."""
        item = super().complete_stream_item(*arguments)
        if not self.is_awaitable(item):
            return item
        task = asyncio.ensure_future(item)
        task.add_done_callback(_seen)
        return task


def _seen(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()
