"""The command `blog`. Each module here is a command or a group of commands."""

import click

from blog.cli.backup import backup, restore
from blog.cli.check import check
from blog.cli.demo import demo
from blog.cli.deploy import deploy
from blog.cli.importing import import_
from blog.cli.mail import mail
from blog.cli.maintenance import maintenance
from blog.cli.moderation import moderation
from blog.cli.profile import profile
from blog.cli.recount import recount
from blog.cli.rerender import rerender
from blog.cli.routes import routes
from blog.cli.serve import serve
from blog.cli.shell import shell
from blog.cli.simulate import simulate
from blog.cli.static import static
from blog.cli.tokens import token
from blog.cli.users import user
from blog.cli.version import version
from blog.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Broadside, a social blog. Settings come from the environment or from .env."""


main.add_command(serve)
main.add_command(deploy)
main.add_command(demo)
main.add_command(user)
main.add_command(token)
main.add_command(import_)
main.add_command(recount)
main.add_command(rerender)
main.add_command(shell)
main.add_command(simulate)
main.add_command(routes)
main.add_command(profile)
main.add_command(check)
main.add_command(static)
main.add_command(maintenance)
main.add_command(backup)
main.add_command(restore)
main.add_command(mail)
main.add_command(moderation)
main.add_command(worker)
main.add_command(version)
