"""What stands between uvicorn and the application. A reader of the service may ignore it.

uvicorn limits neither connections, nor heads, nor slow clients, and loses requests when it is
told to stop. It has no hooks for that, so all that hangs on parts of it which it does not promise
to keep is in this folder. These are they; ``guard`` looks for each of them at the start, and says
loudly which limits are not kept where one is not there:

- the handler of SIGTERM is a method of the running ``uvicorn.Server`` [guard.py, drain.py]
- ``Server.handle_exit``, ``config``, ``servers``, ``lifespan.state``, ``server_state.connections``,
  and how it makes a protocol for a connection [drain.py, guard.py]
- ``Config.http_protocol_class``, read at each connection, and ``Config.timeout_graceful_shutdown``,
  read when it stops [guard.py]
- of any protocol: ``cycle``, ``transport``, ``timeout_keep_alive_task`` [connections.py]
- of ``HttpToolsProtocol``, beside those: ``connections``, ``scope``, ``headers``, and that ``scope``
  has a ``path`` once the head is whole [protocol.py]
- of a cycle: ``response_started``, ``response_complete``, ``more_body`` [connections.py]
"""

from .admission import Admission
from .guard import guard

__all__ = ["Admission", "guard"]
