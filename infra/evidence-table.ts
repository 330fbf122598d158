import { Stack } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';

/** The fields of a fragment that hold text; core/evidence/step-evidence.ts says what they mean. Athena's names are in lower case. */
const COLUMNS = [
  'schema',
  'secretArn',
  'token',
  'step',
  'strategy',
  'functionRequestId',
  'startedAt',
  'finishedAt',
  'outcome',
  'sentAt',
  'movedAt',
];

/** A table over the fragments, one row a step, for Athena. The bucket's readers may query it; nothing here grants that. */
export class EvidenceTable extends Construct {
  constructor(scope: Construct, id: string, bucketName: string) {
    super(scope, id);
    const { account, stackName } = Stack.of(this);
    const database = stackName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
    const made = new glue.CfnDatabase(this, 'Database', {
      catalogId: account,
      databaseInput: { name: database, description: 'Evidence of Streamkap rotations' },
    });
    const table = new glue.CfnTable(this, 'Steps', {
      catalogId: account,
      databaseName: database,
      tableInput: {
        name: 'rotation_steps',
        description: 'One row for each step of each rotation',
        tableType: 'EXTERNAL_TABLE',
        parameters: { classification: 'json', EXTERNAL: 'TRUE' },
        storageDescriptor: {
          location: `s3://${bucketName}/`,
          inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          serdeInfo: {
            serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
            parameters: { 'case.insensitive': 'true', 'ignore.malformed.json': 'true' },
          },
          columns: COLUMNS.map((name) => ({ name: name.toLowerCase(), type: 'string' })),
        },
      },
    });
    table.node.addDependency(made);
  }
}
