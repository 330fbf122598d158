export interface BrokerAddress {
  /** A name or an IP address, IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
  /** As it was written: `host:port` or `[::1]:port`. */
  readonly name: string;
}

const HOST_PORT = /^(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

/** @returns the brokers in the order written, or undefined when there is none or one of them is malformed */
export function parseBootstrapServers(list: string): BrokerAddress[] | undefined {
  const servers: BrokerAddress[] = [];
  for (const entry of list.split(',')) {
    const name = entry.trim();
    if (name === '') continue;
    const [, ipv6, plain, digits] = HOST_PORT.exec(name) ?? [];
    const host = ipv6 ?? plain;
    const port = Number(digits);
    if (host === undefined || port < 1 || port > 65_535) return undefined;
    servers.push({ host, port, name });
  }
  return servers.length > 0 ? servers : undefined;
}
