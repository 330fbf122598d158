import { exploreKind } from './suite.ts';

exploreKind('api');
