/** The words for what the kernel half tells by number. Public: they stand in events. */

/** By enum cg_unresolved: why an object could not be told. */
export const REASONS = [
  'resolved',
  'depth',
  'race',
  'read',
  'storage',
  'policy',
  'mounts',
  'name',
  'chain',
  'target',
  'text',
  'stale',
] as const;

/** By enum cg_floor: what the hard-wired floor refused. */
export const FLOORS = [
  'none',
  'mount',
  'umount',
  'move_mount',
  'pivot_root',
  'chroot',
  'namespace',
  'ptrace',
  'bpf',
  'module',
  'io_uring',
  'signal',
  'armed',
  'gate',
  'fork',
  'ending',
] as const;

/** What each means, for a person. */
export const REASON_TEXTS: Readonly<Record<string, string>> = {
  depth: 'the path has more components than are followed',
  race: 'the path kept changing while it was read',
  read: 'kernel memory could not be read',
  storage: "the task's storage was busy",
  policy: 'the policy was being replaced, or is missing',
  mounts: 'the file system has more mounts than are looked at',
  name: 'a name is longer than 255 bytes',
  chain: 'the conditions do not end',
  target: 'a rule permits the exec, but the folder has no policy for the program',
  text: 'the object moved while its name was taken down',
  stale: "the policy's number is another session's by now",
};
