import { pathToFileURL } from 'node:url';

/** What the sandbox asks of this process: one call of one bundle's handler. */
export interface StepOrder {
  readonly bundle: string;
  readonly event: unknown;
  readonly context: {
    readonly awsRequestId: string;
    readonly functionName: string;
    readonly invokedFunctionArn: string;
  };
  /** Milliseconds that the call may take. */
  readonly timeoutMs: number;
}

/** How the call ended. A failure is told as Lambda tells it: class and message. */
export type StepReply =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly name: string; readonly message: string };

/** Entry of the process that {@link BundleHandler} starts for every step: a cold start each time. */
process.once('message', async (order: StepOrder) => {
  const reply = await run(order);
  // Exits without waiting for what the handler left open, as Lambda freezes it.
  process.send?.(reply, () => process.exit(0));
});

async function run({ bundle, event, context, timeoutMs }: StepOrder): Promise<StepReply> {
  const deadline = Date.now() + timeoutMs;
  try {
    const { handler } = (await import(pathToFileURL(bundle).href)) as {
      handler: (event: unknown, context: unknown) => Promise<unknown>;
    };
    const remaining = () => Math.max(0, deadline - Date.now());
    const value = await handler(event, { ...context, getRemainingTimeInMillis: remaining });
    return { kind: 'returned', value };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { kind: 'threw', name, message };
  }
}
