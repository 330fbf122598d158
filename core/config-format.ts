/** The files that a credential can be written as. */
export const CONFIG_FORMATS = ['java-properties', 'librdkafka', 'json', 'env'] as const;
export type ConfigFormat = (typeof CONFIG_FORMATS)[number];

/** @returns whether the format is for Kafka clients alone, and says nothing of a credential without Kafka access */
export function needsKafka(format: ConfigFormat): boolean {
  return format === 'java-properties' || format === 'librdkafka';
}
