"""Consumes records from the beginning of a topic and prints each value on a line of its own.

Usage: consume.py TOPIC COUNT [GROUP]; credentials come from the environment as for login.py.
Exit code: 0 all records read, 1 the login was refused, 2 usage, 3 anything else (why is said on standard error).
"""

import os
import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaError

from login import settings, verdict_of

DEADLINE_SECONDS = 30
# What a client is told while a fresh broker makes its group coordinator; it retries by itself.
PASSING = (KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)

# The client reconnects by itself after everything else, a cut connection for one.
FINAL = (KafkaError._AUTHENTICATION, KafkaError._SSL)


def consume(topic, count, group):
    errors = []
    consumer = Consumer(
        {
            **settings(os.environ),
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "error_cb": errors.append,
        }
    )
    consumer.subscribe([topic])
    deadline = time.monotonic() + DEADLINE_SECONDS
    read = 0
    try:
        while read < count:
            final = next((error for error in errors if error.code() in FINAL or error.fatal()), None)
            if final:
                return final
            if time.monotonic() > deadline:
                return errors[-1] if errors else KafkaError(KafkaError._TIMED_OUT)
            message = consumer.poll(0.2)
            if message is None or (message.error() and message.error().code() in PASSING):
                continue
            if message.error():
                return message.error()
            print(message.value().decode(), flush=True)
            read += 1
        return None
    finally:
        consumer.close()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    chosen_group = sys.argv[3] if len(sys.argv) == 4 else f"python-{uuid.uuid4()}"
    failure = consume(sys.argv[1], int(sys.argv[2]), chosen_group)
    if failure is None:
        sys.exit(0)
    outcome, detail = verdict_of(failure)
    print(f"{outcome}: {detail}", file=sys.stderr)
    sys.exit(1 if outcome == "rejected" else 3)
