"""Django's side of reading, as the well-known tutorial has it: a blog whose page counts its own views.

What `startproject` writes stays as it is (middleware, templates' context, the loaders' cache) but for DEBUG, which is
off. The tutorial leaves SQLite as it comes; BENCH_WAL gives it a write-ahead log and patience, which is faster.
"""

import os

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone

from .article import NORMAL

TEMPLATES = {'base.html': '''<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1, shrink-to-fit=no">
  <meta name="author" content="{{ post.author.username }}">
  <meta property="og:type" content="article">
  <meta property="og:title" content="{{ post.title }}">
  <meta property="og:site_name" content="Django Blog">
  <meta property="article:published_time" content="{{ post.date_posted|date:"c" }}">
  <link rel="stylesheet" href="/static/blog/bootstrap.min.css">
  <link rel="stylesheet" href="/static/blog/main.css">
  {% if title %}<title>Django Blog - {{ title }}</title>{% else %}<title>Django Blog</title>{% endif %}
</head>
<body>
  <header class="site-header">
    <nav class="navbar navbar-expand-md navbar-dark bg-steel fixed-top">
      <div class="container">
        <a class="navbar-brand mr-4" href="/">Django Blog</a>
        <button class="navbar-toggler" type="button" data-toggle="collapse" data-target="#navbarToggle">
          <span class="navbar-toggler-icon"></span>
        </button>
        <div class="collapse navbar-collapse" id="navbarToggle">
          <div class="navbar-nav mr-auto">
            <a class="nav-item nav-link" href="/">Home</a>
            <a class="nav-item nav-link" href="/about/">About</a>
          </div>
          <div class="navbar-nav">
            {% if user.is_authenticated %}
              <a class="nav-item nav-link" href="/post/new/">New Post</a>
              <a class="nav-item nav-link" href="/profile/">Profile</a>
              <a class="nav-item nav-link" href="/logout/">Logout</a>
            {% else %}
              <a class="nav-item nav-link" href="/login/">Login</a>
              <a class="nav-item nav-link" href="/register/">Register</a>
            {% endif %}
          </div>
        </div>
      </div>
    </nav>
  </header>
  <main role="main" class="container">
    <div class="row">
      <div class="col-md-8">
        {% if messages %}
          {% for message in messages %}<div class="alert alert-{{ message.tags }}">{{ message }}</div>{% endfor %}
        {% endif %}
        {% block content %}{% endblock %}
      </div>
      <div class="col-md-4">
        <div class="content-section">
          <h3>Our Sidebar</h3>
          <p class="text-muted">You can put any information here you'd like.</p>
          <ul class="list-group">
            <li class="list-group-item list-group-item-light">Latest Posts</li>
            <li class="list-group-item list-group-item-light">Announcements</li>
            <li class="list-group-item list-group-item-light">Calendars</li>
          </ul>
        </div>
      </div>
    </div>
  </main>
</body>
</html>
''', 'post.html': '''{% extends 'base.html' %}
{% block content %}
  <article class="media content-section">
    <div class="media-body">
      <div class="article-metadata">
        <a class="mr-2" href="/user/{{ post.author.username }}">{{ post.author }}</a>
        <small class="text-muted">{{ post.date_posted|date:"F d, Y" }}</small>
        <small class="text-muted">{{ post.view_count }} views</small>
        {% if post.author == user %}
          <a class="btn btn-secondary btn-sm mt-1 mb-1" href="/post/{{ post.id }}/update/">Update</a>
        {% endif %}
      </div>
      <h2 class="article-title">{{ post.title }}</h2>
      <div class="article-content">{{ post.content|safe }}</div>
    </div>
  </article>
{% endblock content %}
'''}

APPS = ['auth', 'contenttypes', 'sessions', 'messages']

settings.configure(
    DEBUG=False, SECRET_KEY='of a benchmark', ALLOWED_HOSTS=['127.0.0.1'], ROOT_URLCONF=__name__, USE_TZ=True,
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
    INSTALLED_APPS=[f'django.contrib.{app}' for app in APPS],
    DATABASES={'default': {
        'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.environ['BENCH_FOLDER'] + '/db.sqlite3',
        'OPTIONS': {'timeout': 20, 'init_command': 'PRAGMA journal_mode=wal'} if 'BENCH_WAL' in os.environ else {}}},
    MIDDLEWARE=['django.middleware.security.SecurityMiddleware',
                'django.contrib.sessions.middleware.SessionMiddleware',
                'django.middleware.common.CommonMiddleware',
                'django.middleware.csrf.CsrfViewMiddleware',
                'django.contrib.auth.middleware.AuthenticationMiddleware',
                'django.contrib.messages.middleware.MessageMiddleware',
                'django.middleware.clickjacking.XFrameOptionsMiddleware'],
    TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'OPTIONS': {
        'loaders': [('django.template.loaders.cached.Loader', [('django.template.loaders.locmem.Loader', TEMPLATES)])],
        'context_processors': ['django.template.context_processors.request',
                               'django.contrib.auth.context_processors.auth',
                               'django.contrib.messages.context_processors.messages']}}])
django.setup()

from django.contrib.auth.models import User  # noqa: E402  # Django must be set up first


class Post(models.Model):
    title = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    content = models.TextField()
    date_posted = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(User, on_delete=models.CASCADE)
    view_count = models.IntegerField(default=0)

    class Meta:
        app_label = 'blog'


def post_detail(request, slug):
    post = get_object_or_404(Post, slug=slug)
    post.view_count += 1
    post.save()
    return render(request, 'post.html', {'post': post, 'title': post.title})


urlpatterns = [path('post/<slug:slug>/', post_detail)]
application = get_wsgi_application()


def seed(count):
    call_command('migrate', verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Post)
    author = User.objects.create(username='author1')
    Post.objects.bulk_create([Post(title=f'Note number {number} from the reading room', slug=f'post-{number}',
                                   content=NORMAL, author=author) for number in range(1, count + 1)])


def views():
    """All views of all posts, which were counted while the pages were answered."""
    return {'views': Post.objects.aggregate(models.Sum('view_count'))['view_count__sum'], 'seconds': 0}
