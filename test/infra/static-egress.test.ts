import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { configuration, listOf, type Resource, resource, resources, synthesise } from './fixture.ts';

const OUT = '0.0.0.0/0';

const withNetwork = (staticEgress: object) => synthesise(configuration({ rotation: { staticEgress } }));
const ref = ({ id }: { id: string }) => ({ Ref: id });

describe('a network whose way out has fixed addresses', () => {
  let template: Template;
  beforeAll(() => {
    template = withNetwork({});
  });
  const ofZone = (type: string, begins: string) => resource(template, type, `NetworkZone0${begins}`);

  it('has the function in its private subnet, whose only way out is the NAT gateway', () => {
    const inside = ofZone('AWS::EC2::Subnet', 'Private');
    const group = resource(template, 'AWS::EC2::SecurityGroup');
    expect(resource(template, 'AWS::Lambda::Function').Properties.VpcConfig).toEqual({
      SubnetIds: [ref(inside)],
      SecurityGroupIds: [{ 'Fn::GetAtt': [group.id, 'GroupId'] }],
    });
    const table = ofZone('AWS::EC2::RouteTable', 'ThroughNat');
    expect(ofZone('AWS::EC2::SubnetRouteTableAssociation', 'PrivateRoutes').Properties).toEqual({
      SubnetId: ref(inside),
      RouteTableId: ref(table),
    });
    const routes = resources(template, 'AWS::EC2::Route').filter(
      ([, { Properties }]) => JSON.stringify(Properties.RouteTableId) === JSON.stringify(ref(table)),
    );
    expect(routes.map(([, { Properties }]) => Properties)).toEqual([
      { RouteTableId: ref(table), DestinationCidrBlock: OUT, NatGatewayId: ref(ofZone('AWS::EC2::NatGateway', 'Nat')) },
    ]);
  });

  it('tells the address of the NAT gateway, for safe lists', () => {
    const address = ofZone('AWS::EC2::EIP', 'Address');
    expect(ofZone('AWS::EC2::NatGateway', 'Nat').Properties).toEqual({
      SubnetId: ref(ofZone('AWS::EC2::Subnet', 'Public')),
      AllocationId: { 'Fn::GetAtt': [address.id, 'AllocationId'] },
    });
    expect(template.toJSON().Outputs.EgressAddresses.Value).toEqual(ref(address));
  });

  it('lets nobody in, and out only to HTTPS and where brokers listen', () => {
    const { Properties } = resource(template, 'AWS::EC2::SecurityGroup');
    expect(Properties).not.toHaveProperty('SecurityGroupIngress');
    const out = Properties.SecurityGroupEgress as { IpProtocol: string; FromPort: number; ToPort: number }[];
    expect(out.map(({ IpProtocol, FromPort, ToPort }) => [IpProtocol, FromPort, ToPort])).toEqual([
      ['tcp', 443, 443],
      ['tcp', 1024, 65_535],
    ]);
    expect(resources(template, 'AWS::EC2::SecurityGroupIngress')).toEqual([]);
    for (const [, subnet] of resources(template, 'AWS::EC2::Subnet'))
      expect(subnet.Properties.MapPublicIpOnLaunch).toBe(false);
  });

  it('is reachable before the function is, since a deployment calls the function', () => {
    const rotate = resource(template, 'AWS::Lambda::Function');
    expect(listOf(rotate.DependsOn)).toContain(ofZone('AWS::EC2::Route', 'ToNat').id);
    expect(listOf(ofZone('AWS::EC2::Route', 'ToNat').DependsOn)).toContain(
      ofZone('AWS::EC2::SubnetRouteTableAssociation', 'PrivateRoutes').id,
    );
    expect(listOf(ofZone('AWS::EC2::NatGateway', 'Nat').DependsOn)).toContain(
      resource(template, 'AWS::EC2::Route', 'NetworkToInternet').id,
    );
  });

  it('logs its traffic into a group that is kept as long as the other logs', () => {
    const group = resource(template, 'AWS::Logs::LogGroup', 'Network');
    expect(group.Properties).toEqual({ RetentionInDays: 365 });
    expect(resource(template, 'AWS::EC2::FlowLog').Properties).toMatchObject({
      ResourceType: 'VPC',
      ResourceId: ref(resource(template, 'AWS::EC2::VPC')),
      TrafficType: 'ALL',
      LogGroupName: ref(group),
    });
    const { AssumeRolePolicyDocument } = resource(template, 'AWS::IAM::Role', 'NetworkFlows').Properties as {
      AssumeRolePolicyDocument: { Statement: object[] };
    };
    expect(AssumeRolePolicyDocument.Statement).toMatchObject([
      { Principal: { Service: 'vpc-flow-logs.amazonaws.com' }, Condition: { StringEquals: {} } },
    ]);
  });

  it('may span two zones, with subnets that do not overlap and an address each', () => {
    const two = withNetwork({ zones: 2, cidr: '192.168.7.0/24' });
    expect(resource(two, 'AWS::EC2::VPC').Properties.CidrBlock).toBe('192.168.7.0/24');
    const subnets = resources(two, 'AWS::EC2::Subnet').map(([, { Properties }]) => Properties);
    expect(subnets.map(({ CidrBlock }) => CidrBlock).sort()).toEqual(
      [0, 128, 192, 64].map((first) => `192.168.7.${first}/26`),
    );
    const zones = subnets.map(({ AvailabilityZone }) => JSON.stringify(AvailabilityZone));
    expect(new Set(zones).size).toBe(2);
    expect(resources(two, 'AWS::EC2::EIP')).toHaveLength(2);
    const { VpcConfig } = resource(two, 'AWS::Lambda::Function').Properties as { VpcConfig: { SubnetIds: object[] } };
    expect(VpcConfig.SubnetIds).toHaveLength(2);
    expect(two.toJSON().Outputs.EgressAddresses.Value['Fn::Join'][1]).toHaveLength(2);
  });
});

it('without it there is no network', () => {
  const types = Object.values(synthesise().toJSON().Resources as Record<string, Resource>).map(({ Type }) => Type);
  expect(types.filter((type) => type.startsWith('AWS::EC2::'))).toEqual([]);
});
