import { exploreKind } from './suite.ts';

exploreKind('both');
