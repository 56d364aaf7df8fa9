"""A client that watches the clock, a process of its own: `python -m tests.gateway.api.watching PORT THREADS`.

Reads calls as JSON lines from stdin, makes them in their order, and prints for each a line: milliseconds, status,
headers without Date, body.
"""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Any

_here = local()


def ask(port: int, call: dict[str, Any]) -> str:
    connection = getattr(_here, "connection", None)
    if connection is None:
        connection = _here.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request(call["method"], call["path"], body=call["body"], headers=call["headers"])
    answer = connection.getresponse()
    body = answer.read()
    took = 1000 * (time.perf_counter() - began)
    headers = [(name.lower(), value) for name, value in answer.getheaders() if name.lower() != "date"]
    return json.dumps([took, answer.status, headers, body.decode()])


def main() -> None:
    port, threads = int(sys.argv[1]), int(sys.argv[2])
    calls = [json.loads(line) for line in sys.stdin]
    with ThreadPoolExecutor(threads) as pool:
        for said in pool.map(lambda call: ask(port, call), calls):
            print(said)  # noqa: T201  -- what it is for


if __name__ == "__main__":
    main()
