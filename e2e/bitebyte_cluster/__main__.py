"""The command line: `python -m bitebyte_cluster COMMAND`."""

import argparse
import sys

from bitebyte_cluster import debian, images, lifecycle
from bitebyte_cluster.build import build_all
from bitebyte_cluster.commands import ClusterError
from bitebyte_cluster.machines import Machines
from bitebyte_cluster.paths import default_paths
from bitebyte_cluster.recipes import CLUSTER_LEVELS, LEVELS

_NODE_ACTIONS = """
  exec COMMAND...     run inside it          kill | start        power cut | boot
  freeze | thaw       stop all its processes | let them go on
  cut PEER...|heal    drop its traffic with these (host, cp, nodes; none named: all) | undo
  stop SERVICE | resume SERVICE              kill -9 one of its services and keep it down | undo
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except ClusterError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bitebyte_cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a cluster, or what is missing of it")
    up.add_argument("--level", choices=CLUSTER_LEVELS, default="ingress")
    up.add_argument("--nodes", type=int, default=3)
    commands.add_parser("down", help="stop it and remove every trace; the cache stays")
    commands.add_parser("status", help="machines and their state")
    build = commands.add_parser("build", help="only build what a level needs")
    build.add_argument("level", choices=LEVELS, nargs="+")
    base = commands.add_parser("base-image", help=f"make {images.BASE_IMAGE}")
    base.add_argument("--again", action="store_true", help="even if it is there")
    load = commands.add_parser("load-image", help="copy an image of buildah's into the nodes")
    load.add_argument("image")
    load.add_argument("node", nargs="*")
    node = commands.add_parser(
        "node",
        help="make a machine fail, and recover",
        epilog=_NODE_ACTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    node.add_argument("name")
    node.add_argument("action")
    node.add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def _run(options: argparse.Namespace) -> None:
    paths = default_paths()
    match options.command:
        case "up":
            lifecycle.up(paths, level=options.level, node_count=options.nodes)
        case "down":
            lifecycle.down(paths)
        case "status":
            print(lifecycle.status(paths))
        case "build":
            for level in options.level:
                for name, path in build_all(paths, LEVELS[level]).items():
                    print(f"{name} {path}")
        case "base-image":
            debian.require_root()
            debian.install_for_base_image()
            images.base_image(again=options.again)
        case "load-image":
            images.load_image(Machines(paths), options.image, options.node or None)
        case _:
            _act_on(Machines(paths), options.name, options.action, options.rest)


def _act_on(machines: Machines, name: str, action: str, rest: list[str]) -> None:
    if name not in machines.names:
        raise ClusterError(f"there is no machine {name}")
    match action, rest:
        case "exec", [_, *_]:
            print(machines.inside(name, *rest), end="")
        case "kill", []:
            machines.power_off(name)
        case "start", []:
            machines.boot(name)
        case "freeze", []:
            machines.freeze(name)
        case "thaw", []:
            machines.thaw(name)
        case "cut", _:
            machines.cut_off(name, *rest)
        case "heal", []:
            machines.heal(name)
        case "stop", [service]:
            machines.stop_service(name, service)
        case "resume", [service]:
            machines.resume_service(name, service)
        case _:
            raise ClusterError(f"what is `{action} {' '.join(rest)}`?{_NODE_ACTIONS}")


if __name__ == "__main__":
    raise SystemExit(main())
