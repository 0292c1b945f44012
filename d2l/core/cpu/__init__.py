"""Operations in another form, where measuring shows a gain on CPUs."""
