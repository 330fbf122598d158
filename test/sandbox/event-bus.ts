import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import driftSchema from '../../core/evidence/credential-drift.schema.json' with { type: 'json' };
import rotatedSchema from '../../core/evidence/credential-rotated.schema.json' with { type: 'json' };
import { type EndpointAnswer, type EndpointRequest, startEndpoint } from './aws-endpoint.ts';

/** An event as a rule's target is given it. */
export interface BusEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: { readonly token: string; readonly [name: string]: unknown };
}

/** A stand-in for Amazon EventBridge with one bus. */
export interface EventBus {
  /** What a function needs to find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** All events so far, oldest first. */
  readonly events: readonly BusEvent[];
  /** Calls back for every event from now on. */
  subscribe(subscriber: (event: BusEvent) => void): void;
  stop(): Promise<void>;
}

const EVENT_BUS_NAME = 'keyring';
const REFUSED: EndpointAnswer = { status: 400, body: '{"__type":"ValidationException"}' };

const ajv = new Ajv2020();
formats.default(ajv);
const SCHEMAS = new Map([
  ['credential rotated', ajv.compile(rotatedSchema)],
  ['credential drift', ajv.compile(driftSchema)],
]);

/** Starts a bus that refuses everything but events of this product's that keep their schema. */
export async function startEventBus(): Promise<EventBus> {
  const events: BusEvent[] = [];
  const subscribers: ((event: BusEvent) => void)[] = [];
  const { url, stop } = await startEndpoint((request) => {
    const sent = eventsOf(request);
    if (sent === undefined) return REFUSED;
    for (const event of sent) {
      events.push(event);
      for (const subscriber of subscribers) subscriber(event);
    }
    const Entries = sent.map(() => ({ EventId: randomUUID() }));
    return { status: 200, body: JSON.stringify({ FailedEntryCount: 0, Entries }) };
  });
  return {
    environment: { EVENT_BUS_NAME, AWS_ENDPOINT_URL_EVENTBRIDGE: url },
    ...{ events, stop },
    subscribe: (subscriber) => subscribers.push(subscriber),
  };
}

/** @returns undefined when the request is no PutEvents, or one of its entries is not right */
function eventsOf({ headers, body }: EndpointRequest): BusEvent[] | undefined {
  if (headers['x-amz-target'] !== 'AWSEvents.PutEvents') return undefined;
  try {
    const { Entries } = JSON.parse(body) as { Entries: Record<string, string>[] };
    return Entries.map(({ EventBusName, Source = '', DetailType = '', Resources = [], Detail = '' }) => {
      const detail = JSON.parse(Detail) as BusEvent['detail'];
      if (EventBusName !== EVENT_BUS_NAME || !SCHEMAS.get(DetailType)?.(detail))
        throw new Error('not an event of ours');
      return { source: Source, 'detail-type': DetailType, resources: [...Resources], detail };
    });
  } catch {
    return undefined;
  }
}
