"""The databases of tests/gateway serve the stories too."""

from tests.gateway import conftest as databases

superuser = databases.superuser
data_template = databases.data_template
keys_template = databases.keys_template
furniture = databases.furniture
keys_urls = databases.keys_urls
database_urls = databases.database_urls
module_database_urls = databases.module_database_urls
