process.send({ uid: process.getuid(), cwd: process.cwd() });
process.disconnect();
