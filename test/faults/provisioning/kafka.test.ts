import { exploreKind } from './suite.ts';

exploreKind('kafka');
