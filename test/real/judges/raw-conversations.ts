import {
  API_VERSIONS,
  compactBytes,
  int32,
  rawRequest,
  SASL_AUTHENTICATE,
  SASL_HANDSHAKE,
  sized,
  string,
} from './raw-kafka.ts';

/** What must be set up on both sides. */
export const USER = 'ada';
export const PASSWORD = 'RightPassword1!';
export const MECHANISMS = ['PLAIN', 'SCRAM-SHA-512'];

const handshake = (mechanism: string, version = 1) =>
  rawRequest({ key: SASL_HANDSHAKE, version, body: string(mechanism) });
const authenticate = (token: string, version = 1) =>
  version < 2
    ? rawRequest({ key: SASL_AUTHENTICATE, version, body: sized(Buffer.from(token)) })
    : rawRequest({
        key: SASL_AUTHENTICATE,
        version,
        flexible: true,
        body: Buffer.concat([compactBytes(Buffer.from(token)), Buffer.of(0)]),
      });
const apiVersions = (version: number) =>
  rawRequest({ key: API_VERSIONS, version, flexible: version > 2, body: Buffer.alloc(0) });
const flexibleApiVersions = (name: string) =>
  rawRequest({
    key: API_VERSIONS,
    version: 3,
    flexible: true,
    body: Buffer.concat([compactBytes(Buffer.from(name)), compactBytes(Buffer.from('1')), Buffer.of(0)]),
  });
const right = `\0${USER}\0${PASSWORD}`;
const scramFirst = (user: string) => `n,,n=${user},r=fyko+d2lbbFgONRv9qkxdawL`;

type Kind = 'apiVersions' | 'handshake' | 'authenticate' | 'flexibleAuthenticate' | 'bare';
type Turn = readonly [Kind, Buffer];

/** What an answer means to a client: its error code and what it needs to go on; nothing that is random or that only people read. */
export function meaning(kind: Kind, answer: Buffer | 'closed' | 'silent'): unknown {
  if (typeof answer === 'string') return answer;
  if (kind === 'bare') return { length: answer.length };
  const correlationId = answer.readInt32BE(0);
  const error = answer.readInt16BE(kind === 'flexibleAuthenticate' ? 5 : 4);
  switch (kind) {
    case 'apiVersions':
      return { correlationId, error };
    case 'handshake':
      return { correlationId, error, rest: answer.subarray(6).toString('latin1') };
    case 'flexibleAuthenticate':
      return { correlationId, error, refused: error !== 0 && answer.readUInt8(7) > 0 };
    case 'authenticate': {
      const messageLength = answer.readInt16BE(6);
      const tokenAt = 8 + Math.max(messageLength, 0);
      const token = answer.subarray(tokenAt + 4, tokenAt + 4 + answer.readInt32BE(tokenAt)).toString();
      const shape = token.replace(/r=[^,]+,s=[^,]+/, 'r=*,s=*');
      return {
        correlationId,
        error,
        refused: error !== 0 && messageLength >= 0,
        token: shape,
        after: answer.length - tokenAt - 4 - token.length,
      };
    }
  }
}

/** Every way to begin a login, sane or not, that a broker and the sandbox must answer alike. */
export const conversations: Record<string, readonly Turn[]> = {
  'PLAIN, right': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(right)],
  ],
  'PLAIN, right, version 0 of authenticate': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(right, 0)],
  ],
  'PLAIN, right, version 2 of authenticate': [
    ['handshake', handshake('PLAIN')],
    ['flexibleAuthenticate', authenticate(right, 2)],
  ],
  'PLAIN, wrong, then a second try': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(`\0${USER}\0wrong`)],
    ['authenticate', authenticate(right)],
  ],
  'PLAIN, wrong, version 2 of authenticate': [
    ['handshake', handshake('PLAIN')],
    ['flexibleAuthenticate', authenticate(`\0${USER}\0wrong`, 2)],
  ],
  'PLAIN, unknown user': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate('\0nobody\0wrong')],
  ],
  'PLAIN, own authorisation identity': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(`${USER}${right}`)],
  ],
  "PLAIN, somebody else's authorisation identity": [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(`grace${right}`)],
  ],
  'PLAIN, no separators': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate('nonsense')],
  ],
  'PLAIN, a field too many': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(`${right}\0more`)],
  ],
  'PLAIN, empty password': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(`\0${USER}\0`)],
  ],
  'PLAIN, empty token': [
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate('')],
  ],
  'SCRAM-SHA-512, first message': [
    ['handshake', handshake('SCRAM-SHA-512')],
    ['authenticate', authenticate(scramFirst(USER))],
  ],
  'SCRAM-SHA-512, unknown user': [
    ['handshake', handshake('SCRAM-SHA-512')],
    ['authenticate', authenticate(scramFirst('nobody'))],
  ],
  'SCRAM-SHA-512, nonsense': [
    ['handshake', handshake('SCRAM-SHA-512')],
    ['authenticate', authenticate('nonsense')],
  ],
  'SCRAM-SHA-512, nonsense after the first message': [
    ['handshake', handshake('SCRAM-SHA-512')],
    ['authenticate', authenticate(scramFirst(USER))],
    ['authenticate', authenticate('nonsense')],
  ],
  'a mechanism that is not offered, then one that is': [
    ['handshake', handshake('SCRAM-SHA-256')],
    ['handshake', handshake('PLAIN')],
  ],
  'a mechanism in lower case': [['handshake', handshake('plain')]],
  'two handshakes': [
    ['handshake', handshake('PLAIN')],
    ['handshake', handshake('PLAIN')],
  ],
  'authenticate without a handshake': [['authenticate', authenticate(right)]],
  'version 0 of the handshake, bare token': [
    ['handshake', handshake('PLAIN', 0)],
    ['bare', sized(Buffer.from(right))],
  ],
  'version 0 of the handshake, wrong bare token': [
    ['handshake', handshake('PLAIN', 0)],
    ['bare', sized(Buffer.from(`\0${USER}\0wrong`))],
  ],
  'a handshake version nobody knows': [['handshake', handshake('PLAIN', 9)]],
  'versions asked for first': [
    ['apiVersions', apiVersions(0)],
    ['handshake', handshake('PLAIN')],
    ['authenticate', authenticate(right)],
  ],
  'versions asked for in version 3': [
    ['apiVersions', flexibleApiVersions('judge')],
    ['handshake', handshake('PLAIN')],
  ],
  'versions asked for in version 3 by a client with an impossible name': [['apiVersions', flexibleApiVersions('a b')]],
  'versions asked for in a version nobody knows': [
    ['apiVersions', apiVersions(99)],
    ['apiVersions', apiVersions(0)],
  ],
  'versions asked for twice': [
    ['apiVersions', apiVersions(0)],
    ['apiVersions', apiVersions(0)],
  ],
  'versions asked for after the handshake': [
    ['handshake', handshake('PLAIN')],
    ['apiVersions', apiVersions(0)],
  ],
  'a metadata request before any login': [['apiVersions', rawRequest({ key: 3, version: 1, body: int32(0) })]],
  'a negative size': [['bare', int32(-1)]],
  'a huge size': [['bare', int32(0x7fffffff)]],
  HTTP: [['bare', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')]],
  'bytes left over after a handshake': [
    [
      'handshake',
      rawRequest({ key: SASL_HANDSHAKE, version: 1, body: Buffer.concat([string('PLAIN'), Buffer.of(1)]) }),
    ],
  ],
  'a token shorter than it says': [
    ['handshake', handshake('PLAIN')],
    [
      'authenticate',
      rawRequest({ key: SASL_AUTHENTICATE, version: 1, body: Buffer.concat([int32(99), Buffer.from(right)]) }),
    ],
  ],
};
