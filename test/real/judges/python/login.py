"""Logs in to Kafka once and prints one line of JSON: {"outcome": "accepted|rejected|unknown", "detail": ...}.

The credentials come from the environment, never from the command line: KAFKA_BOOTSTRAP_SERVERS, KAFKA_USERNAME,
KAFKA_PASSWORD, KAFKA_SASL_MECHANISM, KAFKA_SECURITY_PROTOCOL (default SASL_SSL), KAFKA_CA_FILE (default the system's store),
KAFKA_LOGIN_DEADLINE_SECONDS (default 15).
Exit code: 0 accepted, 1 rejected, 3 unknown.
"""

import json
import os
import sys
import time

from confluent_kafka import KafkaError, KafkaException, Producer

EXIT_CODES = {"accepted": 0, "rejected": 1, "unknown": 3}


def settings(environment):
    chosen = {
        "bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"],
        "security.protocol": environment.get("KAFKA_SECURITY_PROTOCOL") or "SASL_SSL",
        "sasl.mechanism": environment.get("KAFKA_SASL_MECHANISM") or "PLAIN",
        "sasl.username": environment["KAFKA_USERNAME"],
        "sasl.password": environment["KAFKA_PASSWORD"],
        "log_level": 0,
    }
    if environment.get("KAFKA_CA_FILE"):
        chosen["ssl.ca.location"] = environment["KAFKA_CA_FILE"]
    return chosen


def verdict_of(error):
    """librdkafka has one code for a refused password and an unsupported mechanism; only its text tells them apart."""
    if error.code() == KafkaError._AUTHENTICATION and "mechanism handshake failed" not in error.str():
        return "rejected", error.name()
    return "unknown", error.name() + " " + error.str()


def login(environment):
    errors = []
    client = Producer({**settings(environment), "error_cb": errors.append})
    deadline = time.monotonic() + float(environment.get("KAFKA_LOGIN_DEADLINE_SECONDS") or 15)
    while time.monotonic() < deadline:
        try:
            client.list_topics(timeout=0.5)
            return "accepted", "metadata received"
        except KafkaException as failure:
            last = failure.args[0]
        client.poll(0)
        if errors:
            return verdict_of(errors[0])
    return "unknown", last.name()


if __name__ == "__main__":
    outcome, detail = login(os.environ)
    print(json.dumps({"outcome": outcome, "detail": detail}))
    sys.exit(EXIT_CODES[outcome])
