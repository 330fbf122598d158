import { BUCKET_ARN } from '../sandbox/evidence-bucket.ts';
import { ACCOUNT } from './account.ts';

const REGION = 'eu-central-1';

/** What the references in a template stand for, in an account that a sandbox plays. */
export class References {
  readonly #known = new Map([['AWS::URLSuffix', 'amazonaws.com']]);

  /** @param name as in `Ref`, `<id>.<attribute>` for `Fn::GetAtt`, or a text to replace wherever it stands alone */
  set(name: string, value: string): void {
    this.#known.set(name, value);
  }

  /** @throws Error for what stands for nothing */
  get(name: string): string {
    const found = this.#known.get(name);
    if (found === undefined) throw new Error(`${name} stands for nothing here`);
    return found;
  }

  /** Sets what `Ref` and the ARN of a resource are, by its type. A secret's come with the secret. */
  name(id: string, type: string): void {
    const [ref, arn] = namesOf(id, type);
    this.set(id, ref);
    this.set(`${id}.Arn`, arn);
  }

  /** @returns a part of a template with its references replaced */
  resolve(value: unknown): unknown {
    if (typeof value === 'string') return this.#known.get(value) ?? value;
    if (Array.isArray(value)) return value.map((each) => this.resolve(each));
    if (typeof value !== 'object' || value === null) return value;
    if ('Ref' in value) return this.get(String(value.Ref));
    if ('Fn::GetAtt' in value) return this.get((value['Fn::GetAtt'] as string[]).join('.'));
    if ('Fn::Join' in value) {
      const [separator, parts] = value['Fn::Join'] as [string, unknown[]];
      return parts.map((part) => this.resolve(part)).join(separator);
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.resolve(each)]));
  }
}

/** @returns what `Ref` and `Fn::GetAtt Arn` give */
function namesOf(id: string, type: string): [ref: string, arn: string] {
  const regional = (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
  switch (type) {
    case 'AWS::IAM::Role':
      return [id, `arn:aws:iam::${ACCOUNT}:role/${id}`];
    case 'AWS::Lambda::Function':
      return [id, regional('lambda', `function:${id}`)];
    case 'AWS::KMS::Key':
      return [id, regional('kms', `key/${id}`)];
    case 'AWS::Logs::LogGroup':
      return [id, regional('logs', `log-group:${id}:*`)];
    case 'AWS::S3::Bucket':
      return [BUCKET_ARN.split(':').at(-1) ?? '', BUCKET_ARN];
    default:
      return [id, regional('any', id)];
  }
}
