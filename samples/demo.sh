# SPDX-License-Identifier: Apache-2.0
# What the samples' demos share. A demo starts with
#     sample=FOLDER build=FOLDER
#     . FOLDER/../demo.sh
# and then finds itself in the empty folder BUILD/demo-NAME, NAME being that of the sample's folder.
source=$(cd "$sample/../.." && pwd)
PATH=$build/bin:$build/lib/graphene-sim/bin:$PATH

bold= plain=
[ ! -t 1 ] || bold=$(printf '\033[1m') plain=$(printf '\033[0m')
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

fail() {
	echo "demo: $1" >&2
	exit 1
}

# show STATUS COMMAND...: runs it, shows what it wrote, and insists on its exit status
show() {
	expected=$1 status=0
	shift
	echo "   $ $*"
	"$@" >output 2>&1 || status=$?
	sed 's/^/     /' output
	[ "$status" = "$expected" ] || fail "exit status $status of $*"
}
run() { show 0 "$@"; }

# Nothing of an earlier run is left, and nothing that was started outlives this one.
work=$build/demo-$(basename "$sample")
rm -rf "$work"
mkdir "$work"
cd "$work"
started=
finish() { [ -z "$started" ] || kill $started 2>/dev/null || true; }
trap finish EXIT
trap 'exit 130' INT TERM

# background LOG COMMAND...: starts it; `await LOG TEXT` waits until it wrote TEXT
background() {
	log=$1
	shift
	"$@" >"$log" 2>&1 &
	started="$started $!"
	eval "pid_of_$(basename "$log" .log | tr -c 'a-z\n' _)=$!"
}
await() {
	eval "pid=\$pid_of_$(basename "$1" .log | tr -c 'a-z\n' _)"
	until grep -q "$2" "$1"; do
		kill -0 "$pid" 2>/dev/null || {
			cat "$1" >&2
			fail "it ended before it wrote '$2'"
		}
		sleep 0.02
	done
}

make_platform() {
	export GRAPHENE_SIM_PLATFORM="$work/platform"
	run graphene-platform init platform
	graphene-sign --gen-key owner.pem
}

# enclave KEY FOLDER NAME TEMPLATE [VARIABLE]...: what a build of an application does
enclave() {
	key=../$1 folder=$2 name=$3 template=$4
	shift 4
	(
		cd "$folder"
		graphene-manifest "$@" "$template" "$name.manifest"
		graphene-sign --quiet --key "$key" --manifest "$name.manifest" \
			--output "$name.manifest.sgx"
	)
	run marblerun package-info "$folder"
}
# property FOLDER NAME: as the enclave in the folder has it
property() { marblerun package-info "$1" | sed -n "s/^$2 .*: //p"; }

make_coordinator() {
	mkdir coordinator
	cp -r platform/collateral coordinator
	PATH=$source/packaging/gramine:$PATH run coordinator-enclave coordinator \
		"$build/bin/coordinator" owner.pem platform/root_ca.pem
	mv coordinator/coordinator-era.json .
}

# On free ports: sets `client` and `mesh` to where it serves its two APIs.
start_coordinator() {
	echo '   $ graphene-sim coordinator'
	background coordinator.log env -C coordinator EDG_COORDINATOR_CLIENT_ADDR=127.0.0.1:0 \
		EDG_COORDINATOR_MESH_ADDR=127.0.0.1:0 graphene-sim coordinator
	await coordinator.log 'Started gRPC server'
	client=$(address_of 'Starting client https server')
	mesh=$(address_of 'Started gRPC server')
	sed -n 's/.*"msg":"\([^"]*\)".*/     \1/p' coordinator.log
	export EDG_MARBLE_COORDINATOR_ADDR="$mesh"
}
address_of() { sed -n "s/.*\"msg\":\"$1\".*:\([0-9]*\)\"}\$/127.0.0.1:\1/p" coordinator.log; }

# The owner's side: the manifest, after the Coordinator was attested.
set_manifest() {
	export MARBLERUN_COLLATERAL="$work/platform/collateral"
	export MARBLERUN_TRUST_ROOT="$work/platform/root_ca.pem"
	export XDG_CONFIG_HOME="$work/config"
	run marblerun manifest set manifest.json "$client" --era-config coordinator-era.json
	run marblerun status "$client" --era-config coordinator-era.json
}

free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
