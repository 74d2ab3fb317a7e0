/** Lines as the agent logs them, with one that is not its own and, where wanted, one that is hostile. */
export function inventLog(hostile: boolean): readonly string[] {
  const at = (seconds: number): string => `time=${new Date(Date.now() - seconds * 1000).toISOString()}`;
  const windows = Array.from(
    { length: 40 },
    (_, index) =>
      `${at(640 - 15 * index)} level=INFO msg="window stored" samples=${1200 + 7 * index} services=${9 + (index % 3)}`,
  );
  return [
    `${at(700)} level=INFO msg="rights given up" uid=64200 capabilities=0x4000000000`,
    `${at(690)} level=WARN msg="Docker cannot be read" reason="dial unix /var/run/docker.sock: connect: connection refused"`,
    ...windows,
    `${at(20)} level=ERROR msg="windows are not pushed" url=http://localhost:4040 reason="the server answered 500: ingestion rate limit exceeded"`,
    'SIGQUIT: quit',
    'goroutine 1 [running]: pyrometer.dev/remote-agent/cmd/pyrometer-agent.(*agent).wait',
    ...(hostile
      ? [
          `${at(5)} level=INFO msg="container \\u202egnp.exe\\u001b[31m <b>bold</b> appears"`,
          'raw \u202Egnp.exe \u0000',
        ]
      : []),
  ];
}
