import { everyPair } from './single-pairs.ts';

await everyPair(0);
