import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import type { VpcPlacement } from './rotation-function.ts';

export interface StaticEgressProps {
  /** The network's addresses, a /24; they matter only where the network is joined to others. @default '10.244.0.0/24' */
  readonly cidr?: string;
  /** Availability zones, each with a NAT gateway and a fixed address of its own: 1 or 2. @default 1 */
  readonly zones?: 1 | 2;
  /** @default logs.RetentionDays.ONE_YEAR */
  readonly logRetention?: logs.RetentionDays;
  /** A KMS key for the log of the network's traffic, whose policy lets CloudWatch Logs use it. @default - CloudWatch's own key */
  readonly logsKmsKeyArn?: string | undefined;
}

const ANYWHERE = '0.0.0.0/0';
/** A /24 has four of them: a public and a private subnet in each of two zones. */
const SUBNET_ADDRESSES = 64;

interface ZoneProps {
  readonly vpc: ec2.CfnVPC;
  readonly cidr: string;
  readonly toInternet: ec2.CfnRoute;
  readonly zone: number;
}

/**
 * A network for functions whose way out has fixed addresses, for keys with a safe list. Nothing in it can be reached from outside:
 * the public subnets hold the NAT gateways only.
 */
export class StaticEgress extends Construct implements VpcPlacement {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** What the safe list of a project key has to name. */
  readonly addresses: readonly string[];
  readonly ready: readonly IDependable[];

  constructor(scope: Construct, id: string, { cidr = '10.244.0.0/24', zones = 1, ...logging }: StaticEgressProps = {}) {
    super(scope, id);
    if (!/^(?:\d{1,3}\.){3}0\/24$/.test(cidr)) throw new Error('cidr must be a network of 256 addresses: .../24');
    const vpc = new ec2.CfnVPC(this, 'Vpc', { cidrBlock: cidr, enableDnsSupport: true, enableDnsHostnames: true });
    const toInternet = this.#internet(vpc);
    const inZones = Array.from({ length: zones }, (_, zone) => this.#zone({ vpc, cidr, toInternet, zone }));
    this.subnetIds = inZones.map(({ subnetId }) => subnetId);
    this.addresses = inZones.map(({ address }) => address);
    this.ready = inZones.map(({ wayOut }) => wayOut);
    this.securityGroupIds = [this.#securityGroup(vpc)];
    this.#flowLog(vpc, logging);
  }

  #internet(vpc: ec2.CfnVPC): ec2.CfnRoute {
    const gateway = new ec2.CfnInternetGateway(this, 'InternetGateway');
    const attached = new ec2.CfnVPCGatewayAttachment(this, 'Attachment', {
      vpcId: vpc.ref,
      internetGatewayId: gateway.ref,
    });
    const table = new ec2.CfnRouteTable(this, 'Public', { vpcId: vpc.ref });
    const route = new ec2.CfnRoute(this, 'ToInternet', {
      routeTableId: table.ref,
      destinationCidrBlock: ANYWHERE,
      gatewayId: gateway.ref,
    });
    route.node.addDependency(attached);
    return route;
  }

  #zone({ vpc, cidr, toInternet, zone }: ZoneProps) {
    const scope = new Construct(this, `Zone${zone}`);
    const subnet = (id: string, part: number, routeTableId: string) => {
      const made = new ec2.CfnSubnet(scope, id, {
        vpcId: vpc.ref,
        // By number, so that nobody has to look zones up before a synthesis.
        availabilityZone: Fn.select(zone, Fn.getAzs()),
        cidrBlock: cidr.replace(/0\/24$/, `${part * SUBNET_ADDRESSES}/26`),
        mapPublicIpOnLaunch: false,
      });
      const association = { subnetId: made.ref, routeTableId };
      return { id: made.ref, routed: new ec2.CfnSubnetRouteTableAssociation(scope, `${id}Routes`, association) };
    };
    const outside = subnet('Public', 2 * zone, toInternet.routeTableId);
    const address = new ec2.CfnEIP(scope, 'Address', { domain: 'vpc' });
    const nat = new ec2.CfnNatGateway(scope, 'Nat', { subnetId: outside.id, allocationId: address.attrAllocationId });
    nat.node.addDependency(toInternet, outside.routed);
    const table = new ec2.CfnRouteTable(scope, 'ThroughNat', { vpcId: vpc.ref });
    const wayOut = new ec2.CfnRoute(scope, 'ToNat', {
      routeTableId: table.ref,
      destinationCidrBlock: ANYWHERE,
      natGatewayId: nat.ref,
    });
    const inside = subnet('Private', 2 * zone + 1, table.ref);
    wayOut.node.addDependency(inside.routed);
    return { subnetId: inside.id, address: address.ref, wayOut };
  }

  /** Out to HTTPS, and to the ports where a Kafka broker may listen; in from nowhere. */
  #securityGroup(vpc: ec2.CfnVPC): string {
    const out = (description: string, fromPort: number, toPort = fromPort) => ({
      ...{ ipProtocol: 'tcp', cidrIp: ANYWHERE },
      ...{ description, fromPort, toPort },
    });
    return new ec2.CfnSecurityGroup(this, 'SecurityGroup', {
      groupDescription: 'Rotation of Streamkap credentials: out to Streamkap, Kafka and AWS',
      vpcId: vpc.ref,
      securityGroupEgress: [out("Streamkap's API and AWS", 443), out('Kafka brokers', 1024, 65_535)],
    }).attrGroupId;
  }

  #flowLog(
    vpc: ec2.CfnVPC,
    { logRetention, logsKmsKeyArn }: Pick<StaticEgressProps, 'logRetention' | 'logsKmsKeyArn'>,
  ): void {
    const group = new logs.LogGroup(this, 'Flows', {
      retention: logRetention ?? logs.RetentionDays.ONE_YEAR,
      ...(logsKmsKeyArn ? { encryptionKey: kms.Key.fromKeyArn(this, 'LogsKey', logsKmsKeyArn) } : {}),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = new iam.Role(this, 'FlowsRole', {
      description: 'VPC flow logs of the network that rotates Streamkap credentials',
      assumedBy: new iam.ServicePrincipal('vpc-flow-logs.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        Logs: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
              resources: [group.logGroupArn],
            }),
          ],
        }),
      },
    });
    new ec2.CfnFlowLog(this, 'FlowLog', {
      resourceId: vpc.ref,
      resourceType: 'VPC',
      trafficType: 'ALL',
      logDestinationType: 'cloud-watch-logs',
      logGroupName: group.logGroupName,
      deliverLogsPermissionArn: role.roleArn,
    });
  }
}
