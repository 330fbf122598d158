/** What is needed of EventBridge's client; a module of our own for the same reason as s3-client.ts. */
export { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
