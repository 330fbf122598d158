/** The account of all examples in AWS's documents, and of the sandbox. */
export const ACCOUNT = '123456789012';
