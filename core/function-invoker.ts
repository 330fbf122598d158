/** What a Lambda function made of a direct call. */
export type FunctionAnswer =
  | { readonly outcome: 'returned'; readonly value: unknown }
  /** It threw. The text is the function's own: its first word is looked at, nothing of it is passed on. */
  | { readonly outcome: 'failed'; readonly message: string };

/** Only who gives a rotation function orders of their own calls it. */
export interface FunctionInvoker {
  /**
   * Calls a function and waits for its answer. A call whose answer was lost is made again: for orders that may be repeated.
   * @param functionArn with or without an alias
   * @param timeoutMs milliseconds for one call
   * @throws SecretStoreError FUNCTION_NOT_FOUND, and those of every AWS call
   */
  invoke(functionArn: string, event: object, timeoutMs: number): Promise<FunctionAnswer>;
}
