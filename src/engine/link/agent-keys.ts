import { connect } from 'node:net';

const requestIdentities = Buffer.from([0, 0, 0, 1, 11]);
const identitiesAnswer = 12;
const timeoutMs = 3000;
const maxBytes = 1024 * 1024;

/** The types of the keys that an SSH agent holds (draft-miller-ssh-agent); none where it does not answer. */
export function agentKeyTypes(socketPath: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let bytes = Buffer.alloc(0);
    const settle = (types: readonly string[]): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(types);
    };
    const timer = setTimeout(() => {
      settle([]);
    }, timeoutMs);
    socket.on('error', () => {
      settle([]);
    });
    socket.on('close', () => {
      settle([]);
    });
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length > maxBytes) settle([]);
      else if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) settle(typesOf(bytes.subarray(4)));
    });
    socket.write(requestIdentities);
  });
}

/** Of an answer: its type, how many keys, then of each the blob, which begins with its type, and a comment. */
function typesOf(answer: Buffer): readonly string[] {
  const types: string[] = [];
  const string = (from: number): Buffer => {
    const length = answer.readUInt32BE(from);
    return answer.subarray(from + 4, from + 4 + length);
  };
  try {
    if (answer.readUInt8(0) !== identitiesAnswer) return [];
    let at = 5;
    for (let left = answer.readUInt32BE(1); left > 0; left--) {
      const blob = string(at);
      types.push(blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)));
      at += 4 + blob.length;
      at += 4 + string(at).length;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // shorter than it says
  }
  return types;
}
