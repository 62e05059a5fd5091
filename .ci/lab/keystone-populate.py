"""Fills the lab's Keystone: domains, projects, users, roles, Swift's endpoints, an application credential, a trust.

    keystone-populate.py KEYSTONE_URL SWIFT_ENDPOINT DATABASE

Looks before it creates anything, so it may be repeated. Prints the ids that tests need, as names and values of variables.
"""
import contextlib
import sqlite3
import sys

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from keystoneclient.v3 import client

ROLES = ('admin', 'member', 'service', 'swiftoperator', 'ResellerAdmin')
DOMAINS = ('corp.example',)
PROJECTS = (  # domain, project
    ('Default', 'service'),
    ('Default', 'demo'),
    ('Default', 'demo2'),
    ('corp.example', 'archive'),
)
USERS = (  # domain, user, password, project, roles, enabled
    ('Default', 'swift', 'swiftpass', 'service', ('admin', 'service'), True),
    ('Default', 'demo', 'demopass', 'demo', ('member', 'swiftoperator'), True),
    ('Default', 'demo2', 'demo2pass', 'demo2', ('member', 'swiftoperator'), True),
    ('Default', 'plain', 'plainpass', 'demo', ('member',), True),
    ('Default', 'disabled', 'disabledpass', 'demo', ('member', 'swiftoperator'), False),
    ('corp.example', 'carol', 'carolpass', 'archive', ('member', 'swiftoperator'), True),
    ('Default', 'otto', 'ottopass', 'demo', ('member', 'swiftoperator'), True),
    ('Default', 'harry', 'harrypass', 'demo', ('member', 'swiftoperator'), True),
    ('Default', 'harry', 'harrypass', 'demo2', ('member', 'swiftoperator'), True),
    ('Default', 'edgar', 'edgarpass', 'demo', ('member', 'swiftoperator'), True),
)
DEFAULT_PROJECTS = {'harry': 'demo2', 'otto': 'demo'}
SECOND_FACTORS = {'otto': 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'}  # of TOTP, in base32
EXPIRED = 'edgar'
REGION = 'RegionOne'
CREDENTIAL, SECRET = 'lab', 'labsecret'
RESTRICTED, RESTRICTED_SECRET = 'reader', 'restrictedsecret'

keystone_url, swift_endpoint, database = sys.argv[1:]


def login(user, password, project):
    auth = v3.Password(auth_url=keystone_url, username=user, password=password, project_name=project,
                       user_domain_name='Default', project_domain_name='Default')
    return client.Client(session=Session(auth=auth, connect_retries=5), endpoint_override=keystone_url)


def ensure(found, create):
    return found[0] if found else create()


admin = login('admin', 'adminpass', 'admin')

roles = {name: ensure(admin.roles.list(name=name), lambda: admin.roles.create(name)) for name in ROLES}
domains = {name: ensure(admin.domains.list(name=name), lambda: admin.domains.create(name))
           for name in ('Default',) + DOMAINS}
projects = {(domain, name): ensure(admin.projects.list(domain=domains[domain], name=name),
                                   lambda: admin.projects.create(name, domains[domain]))
            for domain, name in PROJECTS}
users = {}
for domain, name, password, project, granted, enabled in USERS:
    user = ensure(admin.users.list(domain=domains[domain], name=name),
                  lambda: admin.users.create(name, domain=domains[domain], password=password, enabled=enabled))
    users[name] = user
    for role in granted:
        admin.roles.grant(roles[role], user=user, project=projects[domain, project])

for name, project in DEFAULT_PROJECTS.items():
    admin.users.update(users[name], default_project=projects['Default', project])
for name, secret in SECOND_FACTORS.items():
    ensure(admin.credentials.list(user_id=users[name].id, type='totp'),
           lambda: admin.credentials.create(users[name], 'totp', secret))
    admin.users.update(users[name], options={'multi_factor_auth_rules': [['password', 'totp']]})
# The API has no way to make a password expire now.
with contextlib.closing(sqlite3.connect(database, timeout=30)) as db, db:
    db.execute("UPDATE password SET expires_at = '2020-01-01 00:00:00', expires_at_int = 1577836800000000 "
               'WHERE local_user_id IN (SELECT id FROM local_user WHERE name = ?)', (EXPIRED,))

service = ensure(admin.services.list(type='object-store'),
                 lambda: admin.services.create('swift', type='object-store'))
for interface in ('public', 'internal', 'admin'):
    ensure(admin.endpoints.list(service=service, interface=interface),
           lambda: admin.endpoints.create(service, swift_endpoint, interface=interface, region=REGION))

demo = login('demo', 'demopass', 'demo')
credential = ensure(
    [c for c in demo.application_credentials.list() if c.name == CREDENTIAL],
    lambda: demo.application_credentials.create(CREDENTIAL, secret=SECRET,
                                                roles=[{'name': 'member'}, {'name': 'swiftoperator'}]))
restricted = ensure(
    [c for c in demo.application_credentials.list() if c.name == RESTRICTED],
    lambda: demo.application_credentials.create(RESTRICTED, secret=RESTRICTED_SECRET, access_rules=[
        {'service': 'object-store', 'method': method, 'path': '/v1/**'} for method in ('GET', 'HEAD')]))
trust = ensure(demo.trusts.list(trustor_user=users['demo']),
               lambda: demo.trusts.create(users['demo2'], users['demo'], project=projects['Default', 'demo'],
                                          role_names=['swiftoperator'], impersonation=False))
for variable, value in (('APPCRED_ID', credential.id), ('RESTRICTED_ID', restricted.id), ('TRUST', trust.id),
                        ('PROJECT_ID', projects['Default', 'demo'].id), ('USER_ID', users['demo'].id)):
    print('KEYSTONE_' + variable, value)
