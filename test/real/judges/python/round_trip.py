"""Makes a topic, writes records to it, reads them again, prints each on a line of its own, and deletes the topic.

Usage: round_trip.py NAME COUNT: NAME is the topic's and the consumer group's; credentials come from the environment as for login.py.
Exit code: 0 all records came back, 2 usage, 3 anything else (why is said on standard error).
"""

import os
import sys

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from consume import consume
from login import settings

TIMEOUT_SECONDS = 30


def produce(topic, count):
    failures = []
    producer = Producer(settings(os.environ))
    for number in range(1, count + 1):
        value = f"record {number} of {topic}"
        producer.produce(topic, value, on_delivery=lambda error, _: error and failures.append(error))
    if producer.flush(TIMEOUT_SECONDS) > 0 and not failures:
        return "records were not taken in time"
    return failures[0] if failures else None


def round_trip(name, count):
    admin = AdminClient(settings(os.environ))
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(TIMEOUT_SECONDS)
    try:
        return produce(name, count) or consume(name, count, name)
    finally:
        admin.delete_topics([name])[name].result(TIMEOUT_SECONDS)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        failure = round_trip(sys.argv[1], int(sys.argv[2]))
    except KafkaException as error:
        failure = error.args[0]
    if failure is not None:
        print(failure, file=sys.stderr)
        sys.exit(3)
