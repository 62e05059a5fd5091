"""Runs a program of Swift with another configuration directory than /etc/swift.

    swift-program.py DIRECTORY PROGRAM [ARGUMENT]...

Swift's programs take the path of their own configuration as an argument, but read swift.conf from /etc/swift whatever
swift_dir says; and modules copy limits out of it when they are imported. So the directory is set before anything else
of Swift is loaded.
"""
import runpy
import sys

from swift.common import utils

directory, program = sys.argv[1:3]
utils.set_swift_dir(directory)
sys.argv = sys.argv[2:]
runpy.run_path(program, run_name='__main__')
