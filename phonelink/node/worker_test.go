package node_test

import "bytes"

const workerEnv = "TANDEM_NODE_WORKER"

func worker() int { return 0 }

func contains(data []byte, s string) bool { return bytes.Contains(data, []byte(s)) }
