import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** What a function that only reads a secret would import. */
export const client = [SecretsManagerClient, GetSecretValueCommand];
