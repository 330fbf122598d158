import cdk = require('aws-cdk-lib');
import keyring = require('streamkap-keyring/infra');

/** A CDK app that is no ES module, as many still are. */
const stack = new cdk.Stack(new cdk.App({ outdir: 'cdk.out.commonjs' }), 'Keys');
const rotation = new keyring.PasswordRotation(stack, 'Rotation', { secretNamePrefix: 'a/', adminSecret: 'admin' });
new keyring.RotatedProjectKey(stack, 'Key', { rotation, schedule: { rate: '30 days' }, secretName: 'a/key' });
cdk.App.of(stack)?.synth();
