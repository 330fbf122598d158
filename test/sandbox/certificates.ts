import { webcrypto } from 'node:crypto';

/** PEM texts; the private key as PKCS#8. */
export interface Certificates {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

export interface CertificateOptions {
  /** DNS names and IPv4 addresses the server goes by. @default localhost and 127.0.0.1 */
  readonly hosts?: readonly string[];
  /** When the certificates are made, in milliseconds since the epoch. @default now */
  readonly madeAt?: number;
  /** @default 30 */
  readonly validDays?: number;
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const IPV4 = /^\d+(?:\.\d+){3}$/;

/** Makes an authority of its own and one server certificate signed by it, both in memory; the authority's key is thrown away. */
export async function makeCertificates(options: CertificateOptions = {}): Promise<Certificates> {
  const { hosts = ['localhost', '127.0.0.1'], madeAt = Date.now(), validDays = 30 } = options;
  const x509 = await loadX509();
  const [ca, server] = await Promise.all([makeKeys(), makeKeys()]);
  const common = {
    // A day of grace for clocks that are behind.
    notBefore: new Date(madeAt - DAY_MS),
    notAfter: new Date(madeAt + validDays * DAY_MS),
    signingAlgorithm: EC,
  };
  const caCertificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: '01',
    name: 'CN=keyring sandbox authority',
    keys: ca,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: '02',
    subject: 'CN=keyring sandbox broker',
    issuer: caCertificate.subject,
    publicKey: server.publicKey,
    signingKey: ca.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: IPV4.test(value) ? 'ip' : 'dns', value }) as const),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', server.privateKey));
  return { caPem: caCertificate.toString('pem'), certPem: certificate.toString('pem'), keyPem: pem(pkcs8) };
}

/**
 * The package's dependency injection asks for decorator metadata while it loads and refuses to without such an API, but finds
 * its way when there is none to be had. An empty one saves a polyfill package.
 */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  const none = () => undefined;
  for (const name of ['getMetadata', 'getOwnMetadata', 'defineMetadata']) {
    if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value: none, configurable: true, writable: true });
  }
  return await import('@peculiar/x509');
}

function makeKeys() {
  return webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
