"""Real services: tools of real providers with facts that packages on PyPI state under permissive licences."""
