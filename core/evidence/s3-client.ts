/** What is needed of S3's client. A module of our own: a bundler's chunk of a CommonJS package has no named exports to import. */
export { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
