"""Settings of the demo shop. It keeps no data: catalogue and carts are made from a seed."""

# A demo on loopback guards nothing; a fixed key keeps its runs equal.
SECRET_KEY = "revel-demo-not-a-secret"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = ["shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "revel.urls"
WSGI_APPLICATION = "revel.wsgi.application"
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
]
DATABASES = {}
USE_TZ = True
TIME_ZONE = "UTC"
