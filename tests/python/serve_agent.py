"""An agent of one's own as a service: says what it heard, and how many tokens it took for that.

Prints its URL, and serves until its standard input ends. The first request is answered with an error, which is none of
the agent's: it has to come again.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

first = threading.Lock()


class Agent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if first.acquire(blocking=False):
            return self.answer(503, {"error": "still waking up"})
        heard = request["messages"][-1]["content"]
        tools = len(request["tools"])
        usage = {"input": 40_000, "output": len(heard.split())}
        text = f"You said: {heard}"
        self.answer(200, {"text": text, "model": f"echo of {tools} tools", "usage": usage})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Agent)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_port}/turn", flush=True)
sys.stdin.read()
