"""Answers recurrence questions with python-dateutil, for differential tests.

JSON lines in, JSON lines out, one answer per question:
  {"rule": "FREQ=...", "start": ms, "first": n, "windows": [[from ms, until ms], ...], "cap": n}
  {"first": [ms, ...], "windows": [[ms, ...], ...]}  or  {"error": "..."}
Times are local, in milliseconds since 1970 as if they were UTC. Windows are inclusive. A rule that the machine walks
for too long answers {"slow": true}.
"""

import json
import signal
import sys
from datetime import datetime, timedelta

from dateutil.rrule import rrulestr

EPOCH = datetime(1970, 1, 1)


armed = False


class TooSlow(Exception):
    pass


def ring(signum, frame):
    # The alarm may go off just after the answer is there.
    if armed:
        raise TooSlow()


def moment(milliseconds):
    return EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(value):
    return int((value - EPOCH).total_seconds()) * 1000


def answer(question):
    rule = rrulestr(question["rule"], dtstart=moment(question["start"]))
    first = []
    windows = [[] for _ in question["windows"]]
    spans = [(moment(low), moment(high)) for low, high in question["windows"]]
    end = max([high for _, high in spans], default=EPOCH)
    for value in rule:
        wanted = len(first) < question["first"]
        if wanted:
            first.append(milliseconds(value))
        for index, (low, high) in enumerate(spans):
            if low <= value <= high and len(windows[index]) < question["cap"]:
                windows[index].append(milliseconds(value))
        if not wanted and value > end:
            break
    return {"first": first, "windows": windows}


signal.signal(signal.SIGALRM, ring)
for line in sys.stdin:
    question = json.loads(line)
    signal.setitimer(signal.ITIMER_REAL, question.get("seconds", 0.1))
    try:
        armed = True
        result = answer(question)
        armed = False
    except TooSlow:
        result = {"slow": True}
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    armed = False
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps(result), flush=True)
