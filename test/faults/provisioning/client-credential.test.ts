import { exploreKind, FEWER_SITUATIONS } from './suite.ts';

exploreKind('client-credential', FEWER_SITUATIONS);
