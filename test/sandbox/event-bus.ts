import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import driftSchema from '../../core/evidence/credential-drift.schema.json' with { type: 'json' };
import rotatedSchema from '../../core/evidence/credential-rotated.schema.json' with { type: 'json' };
import { type AccessRequest, accessKeyIdOf, type Deny } from './access.ts';
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
/** What a template calls it. */
export const EVENT_BUS_ARN = `arn:aws:events:eu-central-1:123456789012:event-bus/${EVENT_BUS_NAME}`;
const REFUSED: EndpointAnswer = { status: 400, body: '{"__type":"ValidationException"}' };
const DENIED: EndpointAnswer = { status: 400, body: '{"__type":"AccessDeniedException"}' };

const ajv = new Ajv2020();
formats.default(ajv);
const SCHEMAS = new Map([
  ['credential rotated', ajv.compile(rotatedSchema)],
  ['credential drift', ajv.compile(driftSchema)],
]);

/** Starts a bus that refuses everything but events of this product's that keep their schema. @param deny IAM; @default nobody is refused */
export async function startEventBus({ deny }: { readonly deny?: Deny } = {}): Promise<EventBus> {
  const events: BusEvent[] = [];
  const subscribers: ((event: BusEvent) => void)[] = [];
  const { url, stop } = await startEndpoint((request) => {
    const sent = eventsOf(request);
    if (sent === undefined) return REFUSED;
    if (deny && sent.some((event) => deny(accessTo(request, event)) !== undefined)) return DENIED;
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

/** Service authorization reference, "EventBridge": conditions see each entry of PutEvents on its own. */
function accessTo({ headers }: EndpointRequest, event: BusEvent): AccessRequest {
  return {
    accessKeyId: accessKeyIdOf(headers.authorization),
    action: 'events:PutEvents',
    resource: EVENT_BUS_ARN,
    context: { 'events:source': [event.source], 'events:detail-type': [event['detail-type']] },
  };
}

/** @returns undefined when the request is no PutEvents, or one of its entries is not right */
function eventsOf({ headers, body }: EndpointRequest): BusEvent[] | undefined {
  if (headers['x-amz-target'] !== 'AWSEvents.PutEvents') return undefined;
  try {
    const { Entries } = JSON.parse(body) as { Entries: Record<string, string>[] };
    return Entries.map(({ EventBusName, Source = '', DetailType = '', Resources = [], Detail = '' }) => {
      const detail = JSON.parse(Detail) as BusEvent['detail'];
      if ((EventBusName !== EVENT_BUS_NAME && EventBusName !== EVENT_BUS_ARN) || !SCHEMAS.get(DetailType)?.(detail))
        throw new Error('not an event of ours');
      return { source: Source, 'detail-type': DetailType, resources: [...Resources], detail };
    });
  } catch {
    return undefined;
  }
}
