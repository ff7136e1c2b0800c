"""The smallest agent of one's own, as a program: a start for yours, and a way to try a plan without a model.

It says what it heard. Told "use TOOL name=value ...", it uses the tool and then says what came of it.
A plan names it as an endpoint of protocol `program`, with this file in its command. Requests and
answers are lines of JSON; the module `worker::chat::service` describes them.
"""

import json
import sys


def turn(request):
    last = request["messages"][-1]
    if last["role"] == "tool":
        return {"text": f"The tool says: {last['content']}"}
    tools = {tool["function"]["name"] for tool in request.get("tools", [])}
    verb, *words = last["content"].split() or [""]
    if verb == "use" and words and words[0] in tools:
        arguments = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        return {"calls": [{"name": words[0], "arguments": arguments}]}
    return {"text": f"You said: {last['content']}"}


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = turn(request)
    except Exception as error:  # whatever it is, the next request can still be answered
        answer = {"error": repr(error)}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
