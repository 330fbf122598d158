/** The constructs, for a CDK app of one's own: what the package exports as streamkap-keyring/infra. */
export { AdminCredentialRotation, type AdminCredentialRotationProps } from './admin-credential-rotation.ts';
export { EvidenceStore, type EvidenceStoreProps, type EvidenceTargets } from './evidence-store.ts';
export { GitHubAccess, type GitHubAccessProps, type GitHubRole } from './github-access.ts';
export type {
  AccessibleSecret,
  CreatableSecrets,
  GitHubPermissions,
  RotatableSecret,
} from './github-permissions.ts';
export { PasswordRotation, type PasswordRotationProps, type Strategy } from './password-rotation.ts';
export { type Replica, RotatedProjectKey, type RotatedProjectKeyProps } from './rotated-project-key.ts';
export { RotationAlarms, type RotationAlarmsProps } from './rotation-alarms.ts';
export { RotationDashboard, type RotationDashboardProps } from './rotation-dashboard.ts';
export type { FunctionSettings, VpcPlacement } from './rotation-function.ts';
export type { RotationScheduleProps } from './rotation-schedule.ts';
export { SecretsKey } from './secrets-key.ts';
export { StaticEgress, type StaticEgressProps } from './static-egress.ts';
