"""Reads a topic for ever in a consumer group, as an application does whose password is rotated under it.

Usage: consumer.py TOPIC GROUP SECRET_ID REFRESH. The credential is read from Secrets Manager; KAFKA_CA_FILE names the authority.
REFRESH says when it is read anew: `event` on each line of standard input (an EventBridge event), `refusal` when a login is refused
and, with pauses, until a record comes, `never` not at all.
Prints a line of JSON, with the time in milliseconds, for each record, refused login and reading of the secret.
"""

import json
import os
import queue
import random
import sys
import threading
import time

import boto3
from confluent_kafka import Consumer, KafkaError

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


def say(**facts):
    print(json.dumps({**facts, "at": round(time.time() * 1000)}), flush=True)


class Credential:
    def __init__(self, secret_id):
        self.secret_id = secret_id
        self.client = boto3.client("secretsmanager")

    def read(self):
        answer = self.client.get_secret_value(SecretId=self.secret_id)
        say(read=answer["VersionId"])
        return json.loads(answer["SecretString"])["kafka"]


class Refusals:
    """The reader's contract: after a refused login read the secret once, then again with growing pauses and jitter."""

    def __init__(self):
        self.pause = None
        self.due = 0.0

    def seen(self):
        if self.pause is None:
            self.pause, self.due = FIRST_PAUSE_SECONDS, time.monotonic()

    def over(self):
        self.pause = None

    def take_due(self):
        if self.pause is None or time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + self.pause * random.uniform(0.5, 1.0)
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        return True


def lines_of(stream):
    lines = queue.SimpleQueue()
    threading.Thread(target=lambda: [lines.put(line) for line in stream], daemon=True).start()
    return lines


def main(topic, group, secret_id, refresh):
    credential = Credential(secret_id)
    kafka = credential.read()
    refusals = Refusals()

    def on_error(error):
        if error.code() == KafkaError._AUTHENTICATION:
            say(refused=error.name())
            refusals.seen()

    consumer = Consumer(
        {
            "bootstrap.servers": kafka["bootstrap_servers"],
            "security.protocol": kafka["security_protocol"],
            "sasl.mechanism": kafka["sasl_mechanism"],
            "sasl.username": kafka["username"],
            "sasl.password": kafka["password"],
            "ssl.ca.location": os.environ["KAFKA_CA_FILE"],
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "reconnect.backoff.max.ms": 1000,
            "log_level": 0,
            "error_cb": on_error,
        }
    )
    consumer.subscribe([topic])
    events = lines_of(sys.stdin)
    while True:
        told = refresh == "event" and not events.empty()
        if told:
            events.get()
        if told or (refresh == "refusal" and refusals.take_due()):
            kafka = credential.read()
            consumer.set_sasl_credentials(kafka["username"], kafka["password"])
        message = consumer.poll(0.05)
        if message is None:
            continue
        if message.error():
            say(error=message.error().name())
            continue
        refusals.over()
        say(record=int(message.value()))
        consumer.commit(message, asynchronous=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
